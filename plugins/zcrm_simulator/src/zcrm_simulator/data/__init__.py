"""What is in the simulated CRM? Modules and their fields, people, and seeded records."""

from __future__ import annotations
