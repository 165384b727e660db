# Pages of: provider
