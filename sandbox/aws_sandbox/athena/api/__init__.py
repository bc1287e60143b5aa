"""Athena's API where the sandbox answers it instead of moto, or where moto has no answer."""
