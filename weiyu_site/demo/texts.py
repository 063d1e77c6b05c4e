"""The words of the demo data."""

from __future__ import annotations

AGENTS = [
    ("carol@example.com", "Carol Jansen", "en"),
    ("chen.jie@example.com", "陈杰", "zh-hans"),
    ("mateo@example.com", "Mateo Ruiz", ""),
    ("priya@example.com", "Priya Nair", "en"),
]
CUSTOMERS = [
    ("alice@example.com", "Alice Brown", "en"),
    ("li.na@example.com", "李娜", "zh-hans"),
    ("bob@example.com", "Bob Okafor", "en"),
    ("wang.wei@example.com", "王伟", "zh-hans"),
    ("sofia@example.com", "Sofía Herrera", ""),
    ("zhang.min@example.com", "张敏", "zh-hans"),
]
# Name, description, members by their place among the agents.
WORKGROUPS = [
    ("Orders", "Deliveries, returns and refunds.", [0, 1]),
    ("Technical support", "Accounts, the app and the API.", [1, 2, 3]),
    ("Billing", "Invoices and payments.", [0, 3]),
]
# Title, content, workgroup, priority, tags.
QUESTIONS = [
    (
        "Parcel shows as delivered, but is not here",
        "The tracking says *delivered* since yesterday noon. Nobody in the house has it.\n\n"
        "Order **10-4471**.",
        0,
        "high",
        ["delivery"],
    ),
    (
        "退款什么时候到账？",
        "上周五申请的退款，到现在还没有收到。订单号 10-4502。",
        0,
        "medium",
        ["refund"],
    ),
    (
        "Cannot sign in on the new phone",
        "The app says that my code is wrong, three times now. The old phone still works.",
        1,
        "medium",
        ["login", "app"],
    ),
    (
        "Invoice with the wrong company name",
        "Our name changed in March. Please correct invoice 2291 and send it again.",
        2,
        "low",
        ["invoice"],
    ),
    (
        "Webhook calls stopped at 02:10 UTC",
        "Since then we receive nothing, while the dashboard shows new orders.\n\n"
        "- endpoint answers `200` to our own test\n- nothing in our firewall's log",
        1,
        "urgent",
        ["api"],
    ),
    (
        "商品颜色与图片不符",
        "收到的杯子是深蓝色，页面上是天蓝色。可以换货吗？",
        0,
        "medium",
        ["return"],
    ),
    (
        "Charged twice for the same order",
        "My bank shows two payments of 49.90 on Tuesday.",
        2,
        "high",
        ["payment"],
    ),
    (
        "How do I add a colleague?",
        "I looked through the settings and did not find it.",
        1,
        "low",
        ["question"],
    ),
    ("Cheap watches, best price", "Visit our shop today.", 0, "low", []),
    (
        "发票抬头需要修改",
        "请把发票抬头改为“上海云帆科技有限公司”，税号稍后补上。",
        2,
        "medium",
        ["invoice"],
    ),
    ("The lid arrived broken", "Only the lid. Can I get just that one?", 0, "medium", ["return"]),
    (
        "Export takes more than ten minutes",
        "It used to be one. About 20,000 rows.",
        1,
        "medium",
        ["export"],
    ),
]
ANSWERS = [
    "Thank you for writing. I have looked into it and see what happened; I will come back to you "
    "within the hour.",
    "I have asked the carrier. They answer on the same day as a rule.",
    "That is corrected now. Could you look whether it works for you?",
    "您好，已经为您处理，预计一到两个工作日内完成。",
    "I have sent you the document again, with the right name.",
]
THANKS = [
    "Thank you, that was quick. One more question: does this also hold for the other order?",
    "好的，谢谢！",
    "It works now. Thank you.",
    "I still see the same. Could you look again?",
]
NOTES = [
    "Third case with this carrier this week; told Ada.",
    "客户是老用户，可以优先处理。",
    "Reproduced on the test account. Waiting for the developers.",
]
