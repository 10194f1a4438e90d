"""Photos that jobs looked at, of products and of customers' questions; a product's node of the taxonomy"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the tables here."""
    op.create_table(
        "seen_photos",
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shop_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("decided", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"]),
        sa.PrimaryKeyConstraint("job_id", "number"),
    )
    op.create_table(
        "product_photos",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("shop_id", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id", "sku"], ["products.shop_id", "products.sku"]),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("product_photos", schema=None) as batch_op:
        batch_op.create_index("ix_product_photos_shop_id", ["shop_id"], unique=False)
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("taxonomy_id", sa.String(length=64), nullable=False, server_default="")
        )
    with op.batch_alter_table("customer_questions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("photos", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("product_photos", schema=None) as batch_op:
        batch_op.drop_index("ix_product_photos_shop_id")

    op.drop_table("product_photos")
    op.drop_table("seen_photos")
    with op.batch_alter_table("customer_questions", schema=None) as batch_op:
        batch_op.drop_column("photos")
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_column("taxonomy_id")
