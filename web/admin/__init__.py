"""Rooms of those who keep the system: incidents, process definitions, people, calendars, the demo's clock."""
