"""What the engine costs, as a ratio to plain SpiffWorkflow in memory in the same run. `make bench` prints the table."""
