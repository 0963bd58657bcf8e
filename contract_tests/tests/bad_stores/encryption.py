"""Which stores only seem to encrypt? With an honest one."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from pathlib import Path

from zcrm_contract_tests import Capabilities
from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, StoreCorrupt, Token, TokenKey


class Encrypting(ReferenceStore):
    """An honest store whose content nobody can read or exchange: a toy of a cipher, for tests only."""

    capabilities = Capabilities(encrypted_at_rest=True)
    honest = True
    secret = b"the key of a test"

    def bound_to(self, name: str) -> bytes:
        """Give what the content is bound to: the name of its file."""
        return name.encode()

    def encode(self, key: TokenKey, token: Token) -> bytes:
        nonce = os.urandom(16)
        sealed = self._mixed(nonce, super().encode(key, token))
        return nonce + self._seal(key.digest().hex(), nonce + sealed) + sealed

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        nonce, seal, sealed = content[:16], content[16:48], content[48:]
        if not hmac.compare_digest(seal, self._seal(path.stem, nonce + sealed)):
            raise StoreCorrupt(f"The token file {path} cannot be read.")
        return super().decode(self._mixed(nonce, sealed), path)

    def _seal(self, name: str, sealed: bytes) -> bytes:
        return hmac.digest(self.secret, self.bound_to(name) + sealed, "sha256")

    def _mixed(self, nonce: bytes, text: bytes) -> bytes:
        stream = hashlib.shake_256(self.secret + nonce).digest(len(text))
        return bytes(one ^ two for one, two in zip(text, stream, strict=True))


class EncryptsForNobody(Encrypting):
    """Encrypts, but one user's content can be passed off as another's.

    Broken promise: TS-24
    """

    honest = False

    def bound_to(self, name: str) -> bytes:
        return b""

    def read(self, config: Config, key: TokenKey) -> Token | None:
        found = self.load(self.path(config, key))
        return found and found[1]


class EncryptsWithBase64(ReferenceStore):
    """Takes base64 for encryption.

    Broken promise: TS-24
    """

    capabilities = Capabilities(encrypted_at_rest=True)

    def encode(self, key: TokenKey, token: Token) -> bytes:
        return b64encode(super().encode(key, token))

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        return super().decode(b64decode(content), path)


class DoesNotEncrypt(ReferenceStore):
    """Says that it encrypts, and does not.

    Broken promise: TS-24
    """

    capabilities = Capabilities(encrypted_at_rest=True)
