"""What does Zoho Accounts do? Codes, tokens, their limits, and the pages and calls around them."""

from __future__ import annotations
