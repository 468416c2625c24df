"""The report kit: plan what to run, run it, make the page, put it on the shelf."""
