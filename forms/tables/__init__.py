"""Tables that come in and go out: the register of sites, the ledger 台账, the summaries 汇总表."""
