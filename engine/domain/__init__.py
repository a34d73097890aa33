"""The rules of the office as pure values and functions: standard library only, no rows, no clock."""
