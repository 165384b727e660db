# Pages of: mandate
