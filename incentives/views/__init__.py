"""The pages of the money: one's own rewards and the prices, documents, payouts, policies."""
