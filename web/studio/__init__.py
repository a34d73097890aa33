"""The studio: where process designers change what the office does. A draft is one page with tabs, a module for each."""
