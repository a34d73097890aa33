"""Paper: what is filled in and what is sent out. No HTTP, no database."""
