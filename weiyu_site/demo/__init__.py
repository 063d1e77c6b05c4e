"""Demo data for trying Weiyu out: people, workgroups, tickets and chats of a month."""
