# Pages of: log
