"""Whether two programs say the same of the same photos."""

import json
import math


def softmax(logits: list[float], temperature: float) -> list[float]:
    """Scores of logits."""
    most = max(logits)
    powers = [math.exp((value - most) / temperature) for value in logits]
    return [power / sum(powers) for power in powers]


def compare(ours: list[bytes], theirs: list[bytes], temperature: float | None) -> dict:
    """How many labels are the same, and the largest difference of a score.

    With a `temperature`, theirs are logits, as the file gives them. A label whose score is their highest too,
    for whole numbers are often equal, is the same.
    """
    found = {answer["image"]: answer for answer in map(json.loads, ours)}
    same, most = 0, 0.0
    for answer in map(json.loads, theirs):
        own = found[answer["image"]]
        if "scores" not in own:
            raise SystemExit(f"{answer['image']}: lookbook says {own['error']}")
        scores = answer["scores"] if temperature is None else softmax(answer["scores"], temperature)
        mine = list(own["scores"].values())
        if len(mine) != len(scores):
            raise SystemExit(f"{answer['image']}: {len(mine)} scores, and the peer has {len(scores)}")
        place = list(own["scores"]).index(own["label"])
        same += own["label"] == answer["label"] or scores[place] == max(scores)
        most = max(most, *(abs(a - b) for a, b in zip(mine, scores)))
    return {"photos": len(theirs), "same_label": same, "largest_difference": most}
