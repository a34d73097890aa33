"""The only SQL that writes: the tables, one module a family of them, and the migrations."""
