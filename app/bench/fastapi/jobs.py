def sum_squares(n: int) -> int:
    return sum(i * i for i in range(n))
