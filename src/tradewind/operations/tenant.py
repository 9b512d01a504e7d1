"""Whose data this installation works on: it is one tenant's, and what a store holds of others is not asked for."""

from __future__ import annotations

TENANT = "home"
