# Pages of: people
