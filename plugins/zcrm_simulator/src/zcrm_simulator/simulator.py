"""How does a test start a Zoho of its own, and what can it see and change there?"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from zcrm_simulator.app import App
from zcrm_simulator.clock import Clock
from zcrm_simulator.data.filling import fill
from zcrm_simulator.data.organization import Organization
from zcrm_simulator.data.people import User
from zcrm_simulator.faults import Faults
from zcrm_simulator.grants import self_client_code
from zcrm_simulator.journal import Counters, RecordedRequest
from zcrm_simulator.limits import Limits
from zcrm_simulator.oauth.clients import DEFAULT_REDIRECT_URI, Client
from zcrm_simulator.places import DATA_CENTERS, ENVIRONMENTS, Place
from zcrm_simulator.server import Server
from zcrm_simulator.switches import Switches
from zcrm_simulator.world import World

if TYPE_CHECKING:
    from typing_extensions import Self


class Simulator:
    """Zoho's accounts and CRM servers on a loopback address; a context manager.

    Args:
        port: the port; 0 takes a free one.
        seed: the data is the same for the same seed.
        limits: what Zoho allows; ``None`` is what it documents.
        switches: what Zoho does where there is a choice.
        clock: the time; it starts as real time.
        host: a loopback address.

    Raises:
        ConfigError: on ``start``, when the address is not loopback or the port is taken.

    Example::

        with Simulator() as zoho:
            code = zoho.grant_token(["ZohoCRM.modules.ALL"])
            requests.post(zoho.url + "/oauth/v2/token", data={"code": code, ...})
    """

    def __init__(
        self,
        port: int = 0,
        *,
        seed: int = 1,
        limits: Limits | None = None,
        switches: Switches | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._world = World(seed, limits or Limits(), switches or Switches(), clock or Clock())
        self._app = App(self._world)
        self._address = (host, port)
        self._server: Server | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen from now on; a simulator that runs goes on running."""
        if self._server is None:
            server = Server(*self._address, self._app, self._world.journal.connected)
            shown = f"[{self._address[0]}]" if ":" in self._address[0] else self._address[0]
            self._world.url = f"http://{shown}:{server.port}"
            self._world.faults.open()
            server.start()
            self._server = server
        return self

    def stop(self) -> None:
        """Close every connection, also those that hang, and free the data; safe to call again."""
        if self._server is not None:
            self._world.faults.close()
            self._server.stop()
            self._server = None
            self._world.close()

    def reset(self) -> None:
        """Go back to fresh data, no tokens, no faults, first limits and switches, and real time."""
        self._world.reset()

    @property
    def url(self) -> str:
        """The address of the production servers in the data centre us, without a trailing slash."""
        return self._world.url

    @property
    def clock(self) -> Clock:
        """The time; ``clock.advance(seconds=3600)`` lets an access token expire."""
        return self._world.clock

    @property
    def limits(self) -> Limits:
        """What Zoho allows; assign another ``Limits`` at any time."""
        return self._world.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._world.limits = limits

    @property
    def switches(self) -> Switches:
        """What Zoho does where there is a choice; assign another ``Switches`` at any time."""
        return self._world.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._world.switches = switches

    @property
    def faults(self) -> Faults:
        """What goes wrong next: ``faults.add("/crm/v8/Leads", kind="reset")``."""
        return self._world.faults

    @property
    def counters(self) -> Counters:
        """How often things happened until now."""
        return self._world.journal.counters()

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The last 1,000 calls, oldest first, with their secrets masked."""
        return self._world.journal.requests()

    @property
    def organization(self) -> Organization:
        """The production organization of the data centre us."""
        return self._world.organization(Place())

    @property
    def users(self) -> tuple[User, ...]:
        """The people of that organization; the first one is its owner."""
        return self.organization.users

    def organization_of(
        self, data_center: str = DATA_CENTERS[0], environment: str = ENVIRONMENTS[0]
    ) -> Organization:
        """Return the organization of another data centre or environment."""
        return self._world.organization(Place(data_center, environment))

    def fill(
        self,
        module: str,
        count: int,
        *,
        data_center: str = DATA_CENTERS[0],
        environment: str = ENVIRONMENTS[0],
    ) -> None:
        """Add many records to a module, like those that are there, without a call for each.

        Args:
            module: the module's API name.
            count: how many to add; a million leads take some ten seconds and half a gigabyte.
            data_center, environment: whose organization gets them.

        Raises:
            ConfigError: there is no such module, or it has no records to copy.
        """
        fill(self.organization_of(data_center, environment).database, module, count)

    def grant_token(
        self,
        scopes: Sequence[str] | str,
        user: str | None = None,
        lifetime: float = 180,
        client_id: str | None = None,
        *,
        data_center: str = DATA_CENTERS[0],
        environment: str = ENVIRONMENTS[0],
    ) -> str:
        """Make a self client's code, as Zoho's API console does.

        Args:
            scopes: names such as ``ZohoCRM.modules.ALL``, as a list or separated by commas.
            user: e-mail address of who grants; the organization's owner when left out.
            lifetime: seconds that the code lives.
            client_id: the application; the one of ``config()`` when left out.
            data_center: where the tokens will work: us, eu, in, au, cn, jp, ca, sa, uk or ae.
            environment: production, sandbox or developer.

        Returns:
            The code, good for one exchange at ``/oauth/v2/token`` of that data centre.

        Raises:
            ConfigError: a scope, the user, the application or the place is unknown.
        """
        return self_client_code(
            self._world, scopes, user, lifetime, client_id, data_center=data_center, environment=environment
        )

    def register_client(
        self,
        redirect_uris: Sequence[str] = (DEFAULT_REDIRECT_URI,),
        data_centers: Sequence[str] = DATA_CENTERS,
    ) -> Client:
        """Register one more application, which other data centres than those named do not know."""
        return self._world.clients.add(tuple(redirect_uris), tuple(data_centers))

    def revoke(self, token: str) -> bool:
        """Kill a refresh token with its access tokens, or one access token; false when it was not alive."""
        return self._world.ledger.revoke(token)

    def config(self, data_center: str = DATA_CENTERS[0]) -> dict[str, str]:
        """Return what a zcrm ``Client`` needs to reach this simulator; the token store is left to you."""
        client = self._world.clients.default
        return {
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "redirect_uri": client.redirect_uris[0],
            "region": "simulator" if data_center == DATA_CENTERS[0] else f"simulator-{data_center}",
            "simulator_url": self._world.url,
        }
