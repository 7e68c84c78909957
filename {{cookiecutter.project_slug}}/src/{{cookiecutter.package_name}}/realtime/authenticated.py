"""What the namespaces of this service have in common."""

from __future__ import annotations

from ..domain.events import TokenRefresh, TokenRefreshed
from ..runtime.namespace import GatedNamespace
from ..runtime.sessions import Session


class AuthenticatedNamespace(GatedNamespace):
    """A namespace whose sockets may go on with newer tokens."""

    async def on_token_refresh(self, session: Session, command: TokenRefresh) -> TokenRefreshed:
        session = await self.refresh(session, command.token)
        return TokenRefreshed(expires_at=session.claims.expires_at)
