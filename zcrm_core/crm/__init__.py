"""What is in the CRM? One module for each family of entities, all of them on top of ``client.request``."""

from __future__ import annotations
