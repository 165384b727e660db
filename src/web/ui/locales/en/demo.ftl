# Pages of: demo
