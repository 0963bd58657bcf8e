"""What does the CRM's REST API do? The order of checks, reading, writing, searching, and the metadata."""

from __future__ import annotations
