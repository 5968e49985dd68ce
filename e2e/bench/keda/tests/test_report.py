from bench.keda import report

OURS = {"cpu_per_second": 0.05, "rss_bytes": 40e6, "queries_per_second": 60.0, "latency_p50_s": 7.0, "latency_max_s": 14.0,
        "prometheus_cpu_per_second": 0.1, "api_server_cpu_per_second": 0.3, "controllers_cpu_per_second": 0.2,
        "sync_seconds": 60.0, "shared_cpu_per_second": 0.04, "shared_queries_per_second": 1.0}
THEIRS = {**OURS, "cpu_per_second": 0.2, "rss_bytes": 200e6, "queries_per_second": 100.0, "latency_p50_s": 10.0,
          "shared_cpu_per_second": 0.2, "shared_queries_per_second": 100.0}


def test_the_last_line_is_what_scripts_read():
    assert report.last_line(OURS, THEIRS) == (
        "bench: cpu_x=0.25 memory_x=0.20 queries_x=0.60 latency_x=0.70 shared_cpu_x=0.20 shared_queries_s=1.00")
    assert report.last_line(OURS, THEIRS, OURS).endswith(" direct_cpu_x=0.25 direct_queries_x=0.60 direct_latency_x=0.70")


def test_the_table_says_which_goals_were_missed():
    rows = {line.split("  ")[0]: line
            for line in report.table(report.ROWS, {"ours": OURS, "KEDA": THEIRS}, "KEDA").splitlines()[2:]}
    assert "met" in rows["CPU, all processes"] and "0.25x" in rows["CPU, all processes"]
    assert "MISSED" in rows["queries at Prometheus"]
    assert "goal" not in rows["CPU of Prometheus"]
