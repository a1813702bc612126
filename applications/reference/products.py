"""The cards of the bank (domain section 6). Their bounties belong to incentives."""

from __future__ import annotations

from applications.models import Product

Tier = Product.Tier

# A higher tier is earlier in a queue when two cases are due at the same time; a theme card is a gold card.
RANKS: dict[str, int] = {
    Tier.DIAMOND: 10,
    Tier.PLATINUM: 20,
    Tier.GOLD: 30,
    Tier.THEME: 30,
    Tier.OFFICIAL: 40,
    Tier.CLASSIC: 50,
    Tier.SUPPLEMENTARY: 60,
}
MAIN_AGES = (18, 65)
SUPPLEMENTARY_AGES = (16, 120)  # the bank sets no upper limit for a supplementary card

PRODUCTS: tuple[tuple[str, str, Product.Tier], ...] = (
    ("PK", "江岚经典卡", Tier.CLASSIC),
    ("JK", "江岚金卡", Tier.GOLD),
    ("BJ", "江岚白金卡", Tier.PLATINUM),
    ("ZS", "江岚钻石卡", Tier.DIAMOND),
    ("GWK", "岚州公务卡", Tier.OFFICIAL),
    ("CZ", "江岚车主卡", Tier.THEME),
    ("FS", "附属卡", Tier.SUPPLEMENTARY),
)


def products() -> list[Product]:
    """A second person confirms every entry (ASM-11); blind double keying is switched on per product."""
    made = []
    for code, name, tier in PRODUCTS:
        min_age, max_age = SUPPLEMENTARY_AGES if tier is Tier.SUPPLEMENTARY else MAIN_AGES
        made.append(
            Product(code=code, name=name, tier=tier, rank=RANKS[tier], min_age=min_age, max_age=max_age,
                    review_mode=Product.ReviewMode.REVIEW)
        )  # fmt: skip
    return made
