"""Which scenes are shown when there are more than pictures may be kept."""


def spread(count: int, limit: int) -> list[int]:
    """`limit` of `count` places: the first, the last, and the rest evenly between."""
    if count <= limit:
        return list(range(count))
    if limit <= 1:
        return [0][:limit]
    return [i * (count - 1) // (limit - 1) for i in range(limit)]
