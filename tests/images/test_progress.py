from todoctl.images.progress import Progress

# Docker 20.10
FAILED_STEP = """\
#1 [internal] load build definition from bad.Dockerfile
#1 sha256:29fb27323b7a79964ad57433eaa38a523092d97c877d56244cf25e967ecfb74a
#1 transferring dockerfile: 136B done
#1 DONE 0.0s

#5 [internal] load build context
#5 DONE 0.0s

#6 [2/3] COPY a.txt /a.txt
#6 sha256:73efaa1093b754a6947f53fd5af07c5cfa2304908c119b0b15638d7a2fe5a72a
#6 CACHED

#7 [3/3] RUN echo before; pip install --no-such-option
#7 sha256:98b5c694dfaf0b0c9e832274278a59a3f3b44f234f2a54eb0ba457bf380d3a76
#7 0.609 before
#7 3.990 
#7 3.990 Usage:   
#7 3.990 no such option: --no-such-option
#7 ERROR: executor failed running [/bin/sh -c echo before; pip install --no-such-option]: exit code: 2
------
 > [3/3] RUN echo before; pip install --no-such-option:
------
executor failed running [/bin/sh -c echo before; pip install --no-such-option]: exit code: 2
"""  # noqa: W291 - as it was printed

# The shape of buildx, where steps run at once and take turns
MIXED = """\
#8 [build 2/3] RUN npm ci
#8 ...

#9 [runtime 2/2] RUN strip node
#9 0.301 stripping
#9 ...

#8 [build 2/3] RUN npm ci
#8 2.105 npm error code EINTEGRITY
#8 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1

#9 [runtime 2/2] RUN strip node
#9 CANCELED
"""


def fed(output: str) -> tuple[Progress, list[str]]:
    progress = Progress()
    return progress, [step for line in output.splitlines() if (step := progress.feed(line))]


def test_the_steps_of_the_dockerfile_are_named_once_without_dockers_own() -> None:
    assert fed(FAILED_STEP)[1] == ["[2/3] COPY a.txt /a.txt", "[3/3] RUN echo before; pip install --no-such-option"]
    assert fed(MIXED)[1] == ["[build 2/3] RUN npm ci", "[runtime 2/2] RUN strip node"]


def test_the_failed_step_its_error_and_its_last_lines_are_known() -> None:
    progress, _ = fed(FAILED_STEP)
    assert progress.failed_step == "[3/3] RUN echo before; pip install --no-such-option"
    assert (
        progress.error == "executor failed running [/bin/sh -c echo before; pip install --no-such-option]: exit code: 2"
    )
    assert progress.last_lines == ("before", "Usage:", "no such option: --no-such-option")


def test_lines_of_steps_that_run_at_once_stay_apart() -> None:
    progress, _ = fed(MIXED)
    assert progress.failed_step == "[build 2/3] RUN npm ci"
    assert progress.last_lines == ("npm error code EINTEGRITY",)


def test_a_build_that_fails_before_its_first_step_has_no_failed_step() -> None:
    progress, steps = fed("ERROR: BuildKit is enabled but the buildx component is missing or broken.\n")
    assert (progress.failed_step, progress.error, progress.last_lines, steps) == (None, None, (), [])


def test_only_the_last_lines_are_shown_but_the_cause_is_looked_for_in_more() -> None:
    progress, _ = fed(
        "#1 [1/1] RUN x\n" + "".join(f"#1 0.1 line {n}\n" for n in range(200)) + "#1 ERROR: exit code: 1\n"
    )
    assert len(progress.last_lines) == 15
    assert progress.last_lines[-1] == "line 199"
    assert progress.output.startswith("line 100\n")
    assert progress.output.endswith("line 199\nexit code: 1")


# What BuildKit prints while it pulls: https://github.com/moby/buildkit/blob/master/util/progress/progressui/printer.go
PULL = """\
#4 [build 1/3] FROM docker.io/library/node:24-slim@sha256:1d00ea
#4 sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1 0B / 29.15MB 0.2s
#4 sha256:f88322b8c4a592ba59d13aa59beb016a8edb7f57b70917c4fb33f233c1a7d4b9 512kB / 1.02MB 0.2s
"""
PULLED = """\
#4 sha256:f88322b8c4a592ba59d13aa59beb016a8edb7f57b70917c4fb33f233c1a7d4b9 1.02MB / 1.02MB 0.4s done
#4 sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1 29.15MB / 29.15MB 1.9s done
#4 DONE 2.4s
"""


def test_the_bytes_of_a_pull_are_counted_over_all_layers_until_it_ends() -> None:
    progress, _ = fed(PULL)
    assert progress.pulled == (512_000, 30_170_000)
    for line in PULLED.splitlines():
        progress.feed(line)
    assert progress.pulled is None


def test_steps_count_when_they_have_ended_and_docker_own_steps_do_not() -> None:
    progress, _ = fed(FAILED_STEP)
    assert (progress.steps_done, progress.steps) == (1, 3)


def test_each_stage_that_has_begun_adds_its_steps() -> None:
    progress, _ = fed(MIXED)
    assert (progress.steps_done, progress.steps) == (0, 5)


def test_a_step_is_told_without_the_condition_that_it_begins_with() -> None:
    line = "#6 [dependencies 2/7] RUN if [ -s ca ]; then ca=1; fi; apt-get $ca update  && if true; then echo 1; fi; ls"
    assert Progress().feed(line) == "[dependencies 2/7] RUN apt-get $ca update && if true; then echo 1; fi; ls"


def test_a_step_is_told_without_its_mounts() -> None:
    line = "#9 [build 2/3] RUN --mount=type=cache,target=/root/.npm     --mount=type=secret,id=extra-ca     npm ci"
    assert Progress().feed(line) == "[build 2/3] RUN npm ci"
