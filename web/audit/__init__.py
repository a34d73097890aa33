"""The record of facts as the audit administrator sees it, and the places outside the database that witness it."""
