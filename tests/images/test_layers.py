from todoctl.images.layers import Layers

# Docker 20.10, to and from a registry on loopback; of the pull, the states in between are those of its documentation.
PUSH = """\
The push refers to repository [127.0.0.1:5000/n/nginx]
10eb7fa5e731: Preparing
d78a2fd80d3a: Preparing
d78a2fd80d3a: Layer already exists
10eb7fa5e731: Pushed
0a1b2c3d4e5f: digest: sha256:f57ef81363cc210fb120fa19154a735cbed5966c790f50725342fae7bd8a73d8 size: 739
"""
PULL = """\
0a1b2c3d4e5f: Pulling from n/x
31fbd7f00411: Already exists
4026eda8b7fe: Pulling fs layer
4026eda8b7fe: Verifying Checksum
4026eda8b7fe: Download complete
4026eda8b7fe: Pull complete
Digest: sha256:954013a610c0da9501efd73c0932e640a25d0b40026527ccc9b12634b43527e2
Status: Downloaded newer image for 127.0.0.1:5000/n/x:1
127.0.0.1:5000/n/x:1
"""


def counted(text: str) -> list[tuple[int, int]]:
    layers = Layers()
    return [layers.counted for line in text.splitlines() if layers.feed(line)]


def test_each_layer_of_a_push_counts_once_it_is_in_the_registry() -> None:
    assert counted(PUSH) == [(0, 1), (0, 2), (1, 2), (2, 2)]


def test_each_layer_of_a_pull_counts_once_it_is_unpacked() -> None:
    assert counted(PULL) == [(1, 1), (1, 2), (1, 2), (1, 2), (2, 2)]


def test_a_layer_of_another_repository_is_there_too() -> None:
    assert counted("10eb7fa5e731: Waiting\n10eb7fa5e731: Mounted from n/other") == [(0, 1), (1, 1)]
