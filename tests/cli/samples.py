"""Suite files for the tests of the command."""

import json

STREAM = "st-11111111-1111-5111-a111-111111111111"


def suite(*names, bot=STREAM, replies=("Hi!", "Which city?"), **more):
    """Return a suite file's text."""
    said = ["Start_Flow", "I need a room"]
    messages = [
        {"input": word, "outputs": [{"contains": reply}]} for word, reply in zip(said, replies, strict=True)
    ]
    messages[0]["event"] = "Start_Flow"
    cases = [
        {"name": name, "tags": [], "description": "", "preprocessor": "", "messages": messages, **more}
        for name in names or ("BOOKING",)
    ]
    return json.dumps({"botId": bot, "botName": "travel", "testCases": cases})
