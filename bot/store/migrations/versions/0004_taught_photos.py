"""Categories of photos that shops have taught"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring the tables here."""
    op.create_table(
        "taught_categories",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("shop_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shop_id", "name"),
    )
    op.create_table(
        "taught_photos",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shop_id", sa.String(length=64), nullable=False),
        sa.Column("category_id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=16), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["taught_categories.id"]),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("category_id", "hash"),
    )
    with op.batch_alter_table("taught_photos", schema=None) as batch_op:
        batch_op.create_index("ix_taught_photos_shop_id", ["shop_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("taught_photos", schema=None) as batch_op:
        batch_op.drop_index("ix_taught_photos_shop_id")

    op.drop_table("taught_photos")
    op.drop_table("taught_categories")
