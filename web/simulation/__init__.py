"""Plays a campaign on a virtual clock: invented officers, sometimes late, through the real engine, forms, worker
and letters."""
