"""HTTP, HTML and the command line; `bootstrap` is where engine and forms are put together."""
