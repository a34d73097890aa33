"""What a campaign would look like (推演): thousands of cases through the real processes on a virtual clock, with people
who can only do so much in a day. Pure Python, no database: a scenario comes in, a result goes out."""
