import pytest

from noren.sample.files import Sample, load_sample


@pytest.fixture(scope="session")
def sample() -> Sample:
    return load_sample()
