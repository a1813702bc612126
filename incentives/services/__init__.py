"""What happens to the money: pricing, accrual, holds, registration, confirmation, payout."""
