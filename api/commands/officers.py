"""What ``kakou plan --officers`` adds: the second crew model, beside the plan and never instead of it."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from api.plan.officers import CrewOut, OfficersOut
    from camera_config.county import County


def show_officers(console: Console, out: "OfficersOut", county: "County") -> None:
    """Print the answer by officers, post by post."""
    call_signs = {str(unit.id): unit.call_sign for unit in county.units}
    names = {str(post.id): post.name for post in county.posts}
    console.print(Text("第二种算法，只供参考；判定以上面按单元计的为准"), soft_wrap=True)
    console.print(Text(out.text), soft_wrap=True)
    if not out.plan:
        return
    table = Table(title="按人数合计的派警 By officers")
    for column in ("卡点 post", "单元（人数）units", "合计", "到岗 staffed"):
        table.add_column(column, overflow="fold")
    by_post: dict[str, list[CrewOut]] = {}
    for order in out.plan:
        by_post.setdefault(order.post, []).append(order)
    for post, orders in sorted(by_post.items(), key=lambda item: -max(order.staffed_s for order in item[1])):
        who = "、".join(f"{call_signs.get(order.unit, order.unit)}（{order.crew}）" for order in orders)
        minutes, seconds = divmod(-int(-max(order.staffed_s for order in orders) // 1), 60)
        table.add_row(names.get(post, post), who, str(sum(o.crew for o in orders)), f"{minutes}:{seconds:02d}")
    console.print(table)
