"""What does zcrm look like at work? ``zcrm demo`` shows it, and checks all that it shows."""
