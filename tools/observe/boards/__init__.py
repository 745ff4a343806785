"""The dashboards, in the order in which one looks at them."""

from tools.observe.boards import bus, jobs, money, overview, story

BOARDS = (overview.BOARD, jobs.BOARD, money.BOARD, bus.BOARD, story.BOARD)
