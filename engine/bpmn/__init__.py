"""The only room that knows SpiffWorkflow: diagrams come in as bytes, steps of plain values come out.

It knows no rows, no people and no clock: instants and deadline functions arrive with a `Moment`.
"""
