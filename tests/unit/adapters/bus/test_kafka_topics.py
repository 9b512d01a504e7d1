"""What Kafka's brokers say of topics while they do not all know them yet."""

from concurrent.futures import Future
from types import SimpleNamespace

from confluent_kafka import KafkaError, KafkaException

from tradewind.adapters.bus.kafka_place import KafkaPlace
from tradewind.adapters.bus.kafka_topics import KafkaTopic, _Admin

PARTITION = SimpleNamespace(replicas=[1, 2, 3])


class TwoMinds:
    """A cluster of which one broker knows both topics, and the one that is asked for settings only the first."""

    def list_topics(self, timeout):
        return SimpleNamespace(topics=dict.fromkeys(["old", "new"], SimpleNamespace(partitions={0: PARTITION})))

    def describe_configs(self, asked, request_timeout):
        answers = {resource: Future() for resource in asked}
        for resource, answer in answers.items():
            if resource.name == "new":
                answer.set_exception(KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)))
            else:
                said = {"min.insync.replicas": "2", "retention.ms": "-1"}
                answer.set_result({name: SimpleNamespace(value=value) for name, value in said.items()})
        return answers


def test_a_topic_that_not_every_broker_knows_yet_is_one_that_is_missing():
    admin = _Admin(KafkaPlace("kafka://127.0.0.1:9"), 1.0)
    admin.client = TwoMinds()
    assert admin.describe(["old", "new", "none"]) == {"old": KafkaTopic("old", 1, 3, 2, -1)}
