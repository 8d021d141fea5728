"""``profile new``: from sample answers to a profile. Nothing else imports it."""
