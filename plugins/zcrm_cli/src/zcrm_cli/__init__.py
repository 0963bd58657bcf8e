"""What can a person do with zcrm at a terminal? The command ``zcrm``."""
