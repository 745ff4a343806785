"""What operators watch: dashboards and alerts as typed code, written to deploy/observability.

python -m tools.observe            write them
python -m tools.observe --check    fail if one of them is stale
python -m tools.observe.preview    draw the dashboards from a Prometheus, into docs/dashboards
"""
