"""The installer: brings a bare Debian machine to a working `.venv/bin/duban`. Standard library only.

`python3 -m setup` is what `make setup` calls. Every step says what it does and how long it took, and does nothing when
its result is already there, so it may be run again and again.
"""
