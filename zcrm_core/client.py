"""What does a user of zcrm hold? One client: a configuration, its plugins, a user, and the calls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from zcrm_core.api_errors import INVALID_TOKEN, api_code, raise_for_error, raise_for_no_file
from zcrm_core.assembly import Parts, assemble
from zcrm_core.authorization import OAuth
from zcrm_core.config import Config, environment_values, file_values
from zcrm_core.crm_access import CrmAccess
from zcrm_core.download import Download
from zcrm_core.errors import ConfigError
from zcrm_core.hookspecs import Region, StoreAction
from zcrm_core.identity import Identity
from zcrm_core.multipart import Files
from zcrm_core.plugins import Plugins
from zcrm_core.redaction import kind_of
from zcrm_core.regions import api_url
from zcrm_core.response import Response
from zcrm_core.token_access import Tokens
from zcrm_core.tokens import Token
from zcrm_core.transport import Params, multipart
from zcrm_core.transport_failures import unfit

__all__ = ["Client"]

_WHOLE_ADDRESS: Final = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_UNAUTHORIZED: Final = 401
_RENEWALS: Final = 2
"""How often a refused token is replaced for one call: by what the store has, then by a new one."""


class Client(CrmAccess):
    """A client of Zoho CRM: one configuration, one user, the whole CRM.

    Threads may share it. It holds pooled connections: use it as a context manager, or call :meth:`close`.

    Args:
        config: the keys of docs/reference/configuration.md, or a finished :class:`Config`.
        token_store: your own store: an object with zcrm's hooks (such as a ``TokenStorePlugin``), or one with
            the methods that ``zcrm-store-custom`` understands. It is used whatever the priorities say.
        plugins: more plugin objects, used beside those that are installed.

    Raises:
        ConfigError: a key is wrong, missing, unknown or contradictory.
        PluginError: no installed store fits the configuration, or a plugin breaks the rules.
        StoreError: the store in force cannot be used, such as an own class that cannot be loaded.
    """

    def __init__(
        self,
        config: Mapping[str, object] | Config,
        *,
        token_store: object | None = None,
        plugins: Sequence[object] = (),
    ) -> None:
        if not isinstance(config, (Mapping, Config)):
            raise ConfigError(
                f"A client cannot be made from one {kind_of(config)}.",
                why="It needs keys such as client_id; docs/reference/configuration.md lists them all.",
                fix="Pass a mapping (a dict) or a Config; for a file Client.from_file(path), "
                "for variables Client.from_env().",
                code="ZCRM-CONFIG-004",
            )
        self._become(assemble(config, token_store, plugins))

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        token_store: object | None = None,
        plugins: Sequence[object] = (),
    ) -> Client:
        """Make a client from variables such as ``ZCRM_CLIENT_ID``.

        Args:
            environ: the variables; the process's own when left out.
            token_store: as for the class itself.
            plugins: as for the class itself.

        Raises:
            ConfigError, PluginError, StoreError: as for the class itself.
        """
        return cls(environment_values(environ), token_store=token_store, plugins=plugins)

    @classmethod
    def from_file(
        cls, path: str | Path, *, token_store: object | None = None, plugins: Sequence[object] = ()
    ) -> Client:
        """Make a client from a TOML file; relative paths in it start from its folder.

        Args:
            path: the file, with the keys at its top level or in a table ``[zcrm]``.
            token_store: as for the class itself.
            plugins: as for the class itself.

        Raises:
            ConfigError, PluginError, StoreError: as for the class itself; also when the file cannot be read.
        """
        client = cls.__new__(cls)
        folder = Path(path).absolute().parent
        client._become(assemble(file_values(path), token_store, plugins, folder))  # noqa: SLF001 - its own
        return client

    def _become(self, parts: Parts, user: str | None = None) -> None:
        self._parts = parts
        self._identity = Identity(parts.config.current_user_email if user is None else user, parts.config)
        self._region = parts.homes.default
        self._version_path = f"/crm/{parts.config.api_version}/"
        self.tokens = Tokens(self._identity, parts.store, parts.refresher, parts.log)
        self.oauth = OAuth(
            identity=self._identity,
            accounts=parts.accounts,
            homes=parts.homes,
            tokens=self.tokens,
            refresher=parts.refresher,
            logins=parts.logins,
            log=parts.log,
        )

    # -- who and where ---------------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The configuration."""
        return self._parts.config

    @property
    def region(self) -> Region:
        """The region in force, whoever chose it: the configuration, a plugin, or the user's login."""
        return self._region

    @property
    def plugins(self) -> Plugins:
        """The plugins found, those that are not in use included."""
        return self._parts.plugins

    @property
    def token_store(self) -> str:
        """The name of the store in force."""
        return self._parts.store.name

    @property
    def user(self) -> str | None:
        """The user identifier whose token is used; ``None`` when there is none yet."""
        return self._identity.user

    def as_user(self, user: str) -> Client:
        """Give a client for another user, with the same connections, plugins and store.

        Args:
            user: the user identifier; 1 to 512 bytes of UTF-8.

        Raises:
            InvalidToken: the identifier breaks the limits.
        """
        self._identity.key(user)
        client = type(self).__new__(type(self))
        client._become(self._parts, user)  # noqa: SLF001 - its own
        return client

    def region_of(self, token: Token) -> Region:
        """Give the region that a token lives in, by what Zoho said when it issued the token.

        Args:
            token: one of this client's.

        Raises:
            AuthError: the configuration names another region.
        """
        return self._parts.homes.of(token)

    def is_token_generated(self, user: str | None = None) -> bool:
        """Tell whether the store has a token for a user.

        Args:
            user: the user identifier; the client's own user when left out.

        Raises:
            StoreError: the store failed.
        """
        return self.tokens.fetch(user) is not None

    def manage_store(self, action: StoreAction) -> Sequence[str]:
        """Make, describe or migrate what the store in force keeps tokens in.

        Args:
            action: ``init`` makes what is missing, ``status`` only looks, ``migrate`` moves the tokens out of
                an older form.

        Returns:
            What the store says about it, in lines for a person.

        Raises:
            StoreError: the store failed, or has nothing to manage.
        """
        return self._parts.store.manage(action)

    # -- calls -----------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        files: Files | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Call any address of the CRM, with a token that works.

        A token that the CRM no longer accepts is looked up again, and then refreshed, before giving up.

        Args:
            method: the HTTP method.
            path: what to call: ``Leads/123`` below the client's API version, ``/crm/bulk/v2/read`` below the
                API's host, or a whole address on one of the region's hosts.
            params: the query; values that are ``None`` are left out.
            json: a body as JSON.
            files: a body as ``multipart/form-data``; open files are read while they are sent.
            headers: more headers.

        Returns:
            An answer with status 2xx or 304; or one below 500 with an outcome for each record.

        Raises:
            ApiError: the CRM refused the call.
            AuthError: there is no token, or it cannot be refreshed.
            StoreError: the token store failed.
            TransportError: no usable answer, or an address outside the region.
        """
        return self._call(
            method, path, params=params, document=json, files=files, headers=headers, stream=False
        )

    def download(
        self, path: str, *, params: Params | None = None, headers: Mapping[str, str] | None = None
    ) -> Download:
        """Fetch a file (GET) without holding it in memory.

        Args:
            path: as for :meth:`request`.
            params: the query; values that are ``None`` are left out.
            headers: more headers.

        Returns:
            The file, to be read once; its ``status`` is 204 when there is nothing.

        Raises:
            ApiError, AuthError, StoreError, TransportError: as for :meth:`request`; also when the answer is
                a page or a document where a file was asked for.
        """
        response = self._call(
            "GET", path, params=params, document=None, files=None, headers=headers, stream=True
        )
        raise_for_no_file(response, path, self._parts.log.redact)
        return Download(response.raw)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None,
        document: object,
        files: Files | None,
        headers: Mapping[str, str] | None,
        stream: bool,
    ) -> Response:
        def send(token: Token) -> Response:
            self._region = self.region_of(token)
            return self._parts.transport.send(
                method,
                self._address(path, self._region),
                access_token=token.access_token,
                params=params,
                document=document,
                files=parts,
                headers=headers,
                stream=stream,
            )

        key = self._identity.key()
        refresher = self._parts.refresher
        # Made once: open files are read from where they stand now, also when they are sent again.
        parts = None if files is None else multipart(files)
        token = refresher.token(key)
        response = send(token)
        renewals = 0
        while response.status == _UNAUTHORIZED and api_code(response) in INVALID_TOKEN:
            renewed = refresher.rejected(key, token) if renewals < _RENEWALS else None
            if renewed is None:
                break
            renewals += 1
            token = renewed
            response = send(token)
        else:
            refresher.accepted(key, token)
        raise_for_error(response, path, self._parts.log.redact)
        return response

    def _address(self, path: str, region: Region) -> str:
        given: object = path
        if not isinstance(given, str):
            raise unfit(TypeError())
        if _WHOLE_ADDRESS.match(path):
            return path.strip()
        api = api_url(region, self._parts.config.environment)
        return api + (path if path.startswith("/") else self._version_path + path)

    # -- the end ---------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the connections and the log file of this client and of all made from it with ``as_user``."""
        self._parts.transport.close()
        self._parts.logging.close()

    def __enter__(self) -> Client:  # noqa: PYI034 - typing has no Self before Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self.user or 'nobody yet'} in {self.region.name}, {self.config.environment}>"
