#include "operator/kube/object_decoder.h"

#include <gtest/gtest.h>

#include <limits>

#include "operator/kube/vocabulary.h"

namespace sb::kube {
namespace {

// Every kind of value, keys and strings of every length class, and what must not be interned.
Json Sample() {
  Json object = Json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "todo-0", "namespace": "default", "uid": "u-1", "resourceVersion": "42",
      "labels": {"app": "todo", "empty": ""},
      "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a/b": "c"},
      "managedFields": [{"manager": "me", "fieldsV1": {"f:spec": {"f:x": {}}}}]},
    "spec": {"on": true, "off": false, "none": null, "small": 7, "big": 18446744073709551615,
      "negative": -1, "lowest": -9223372036854775808, "real": 0.1, "list": [1, "two", [], {}, [{"k": [null]}]]},
    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})");
  object["spec"]["long"] = std::string(5'000, 'x') + "\u00fc\u0000\"\\";
  object["spec"][std::string(200, 'k')] = 1;
  return object;
}

ObjectPtr Frozen(const Json& object, const Projection& projection = Projection::Everything()) {
  return Freeze(object, Pods(), projection);
}

TEST(ObjectTest, GivesBackExactlyWhatWentIn) {
  const Json sample = Sample();
  EXPECT_EQ(Frozen(sample)->ToJson(), sample);
}

TEST(ObjectTest, KnowsWhoItIs) {
  const ObjectPtr object = Frozen(Sample());
  EXPECT_EQ(object->namespace_(), "default");
  EXPECT_EQ(object->name(), "todo-0");
  EXPECT_EQ(object->uid(), "u-1");
  EXPECT_EQ(object->resource_version(), "42");
  EXPECT_EQ(object->key(), (ObjectKey{"default", "todo-0"}));
}

TEST(ObjectTest, AnotherVersionOfTheSameSaysTheSame) {
  Json other = Sample();
  other["metadata"]["resourceVersion"] = "43";
  EXPECT_TRUE(Frozen(other)->SaysTheSameAs(*Frozen(Sample())));
  for (const char* path : {"/status/phase", "/metadata/uid", "/metadata/name"}) {
    Json changed = other;
    changed[Json::json_pointer(path)] = "x";
    EXPECT_FALSE(Frozen(changed)->SaysTheSameAs(*Frozen(Sample()))) << path;
  }
  Json without = Json::parse(R"({"metadata": {"name": "n"}})");
  EXPECT_TRUE(Frozen(without)->SaysTheSameAs(*Frozen(without)));
}

TEST(ObjectTest, IdentityIsFoundWhereverItStands) {
  // Long siblings before, between and after move the strings while the object is encoded.
  for (
      const char* text :
      {R"({"spec":{"a":[1,2,3]},"metadata":{"labels":{"x":"y"},"uid":"u","name":"n"}})",
       R"({"metadata":{"name":"n","annotations":{"long":"................................................"},"uid":"u"}})"}) {
    ObjectDecoder decoder(Pods(), Projection::Everything());
    ASSERT_TRUE(decoder.ParseObject(text)) << text;
    const ObjectPtr object = decoder.Build();
    EXPECT_EQ(object->name(), "n") << text;
    EXPECT_EQ(object->uid(), "u") << text;
    EXPECT_EQ(object->namespace_(), "") << text;
  }
}

TEST(ObjectTest, ReadsFieldsAndNeverThrows) {
  const ObjectPtr object = Frozen(Sample());
  EXPECT_EQ(object->At({"status", "phase"}).String(), "Running");
  EXPECT_EQ(object->At({"spec", "small"}).Integer(), 7);
  EXPECT_EQ(object->At({"spec", "negative"}).Integer(), -1);
  EXPECT_EQ(object->At({"spec", "lowest"}).Integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(object->At({"spec", "big"}).Integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(object->At({"spec", "real"}).Number(), 0.1);
  EXPECT_EQ(object->At({"spec", "small"}).Number(), 7.0);
  EXPECT_TRUE(object->At({"spec", "on"}).Bool());
  EXPECT_FALSE(object->At({"spec", "off"}).Bool(true));
  EXPECT_EQ(object->At({"spec", "none"}).type(), Value::Type::kNull);
  EXPECT_EQ(object->At({"spec", "list"}).size(), 5u);
  // Missing, or of another type.
  EXPECT_FALSE(object->At({"spec", "nothing"}));
  EXPECT_FALSE(object->At({"status", "phase", "deeper"}));
  EXPECT_EQ(object->At({"spec", "small"}).String("fallback"), "fallback");
  EXPECT_EQ(object->At({"status"}).Integer(3), 3);
  EXPECT_EQ(Value().size(), 0u);
  for (const Value value : object->At({"status", "phase"}).Elements()) FAIL() << value.String();
}

TEST(ObjectTest, IteratesInTheOrderOfTheServer) {
  ObjectDecoder decoder(Pods(), Projection::Everything());
  ASSERT_TRUE(decoder.ParseObject(R"({"metadata":{"name":"n"},"z":1,"a":[3,2]})"));
  const ObjectPtr object = decoder.Build();
  std::string names;
  for (const auto& [name, value] : object->root().Members()) names += std::string(name) + " ";
  EXPECT_EQ(names, "apiVersion kind metadata z a ");
  std::string numbers;
  for (const Value value : (*object)["a"].Elements()) numbers += std::to_string(value.Integer());
  EXPECT_EQ(numbers, "32");
}

TEST(ObjectTest, ItemsOfListsGetTheirKind) {
  ObjectDecoder decoder(Deployments(), Projection::Everything());
  ASSERT_TRUE(decoder.ParseObject(R"({"kind":"PartialObjectMetadata","metadata":{"name":"n"}})"));
  const Json object = decoder.Build()->ToJson();
  EXPECT_EQ(object["kind"], "Deployment");
  EXPECT_EQ(object["apiVersion"], "apps/v1");
}

TEST(ObjectTest, TakesAFractionOfItsText) {
  const Json sample =
      Json::parse(R"({"metadata":{"name":"n","namespace":"default"},"spec":{"containers":[
    {"name":"a","terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
     "imagePullPolicy":"IfNotPresent","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"1"}}}]}})");
  EXPECT_LT(Frozen(sample)->bytes() - sizeof(Object), sample.dump().size() / 2);
}

TEST(ProjectionTest, TheLongestPathDecides) {
  const auto projected = [](const Projection& projection) {
    Json object = Frozen(Sample(), projection)->ToJson();
    object.erase("apiVersion");
    object.erase("kind");
    for (const char* field : {"name", "namespace", "uid", "resourceVersion"}) {
      object["metadata"].erase(field);
    }
    return object.dump();
  };
  EXPECT_EQ(projected(Projection::Nothing()), R"({"metadata":{}})")
      << "the identity is always kept";
  EXPECT_EQ(projected(Projection::Nothing().Keep("/status/phase").Keep("/metadata/labels")),
            R"({"metadata":{"labels":{"app":"todo","empty":""}},"status":{"phase":"Running"}})");
  EXPECT_EQ(projected(Projection::Nothing().Keep("/status").Drop("/status/phase")),
            R"({"metadata":{},"status":{"conditions":[{"status":"True","type":"Ready"}]}})");
  EXPECT_EQ(projected(Projection::Nothing().Keep("/status/conditions/*/type")),
            R"({"metadata":{},"status":{"conditions":[{"type":"Ready"}]}})");
  EXPECT_EQ(projected(Projection::Nothing().Keep("/metadata/annotations/a~1b")),
            R"({"metadata":{"annotations":{"a/b":"c"}}})");
  EXPECT_EQ(
      projected(Projection::Nothing()
                    .Redact("/spec/list")
                    .Keep("/metadata/labels")
                    .Redact("/metadata/labels/*")),
      R"({"metadata":{"labels":{"app":"-","empty":""}},"spec":{"list":["-","-",[],{},[{"k":[null]}]]}})");
  const Json without_noise = Frozen(Sample(), WithoutNoise())->ToJson();
  EXPECT_FALSE(without_noise["metadata"].contains("managedFields"));
  EXPECT_EQ(without_noise["metadata"]["annotations"], Json({{"a/b", "c"}}));
  EXPECT_EQ(without_noise["spec"], Sample()["spec"]);
}

TEST(DecoderTest, WatchEvents) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  const auto event = decoder.ParseEvent(
      R"({"type":"MODIFIED","object":{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"7"}}})");
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->type, EventType::kModified);
  EXPECT_EQ((*event)->identity.resource_version, "7");
  EXPECT_EQ(decoder.Build()->name(), "a");

  const auto bookmark = decoder.ParseEvent(
      R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}})");
  ASSERT_TRUE(bookmark && *bookmark);
  EXPECT_EQ((*bookmark)->type, EventType::kBookmark);
  EXPECT_EQ((*bookmark)->identity.resource_version, "9");
  EXPECT_TRUE((*bookmark)->initial_events_end);
  const auto plain = decoder.ParseEvent(
      R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"false"}}}})");
  EXPECT_FALSE((*plain)->initial_events_end) << "the value counts, not the name";
}

TEST(DecoderTest, WhatANewerServerMaySendIsSkipped) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  for (const char* line :
       {R"({"type":"SPARKLE","object":{"metadata":{"name":"x"}}})", R"({"type":"ADDED"})",
        R"({"type":"ADDED","object":{"kind":"Table","rows":[]}})", R"({"type":"ADDED","object":3})",
        R"({"type":7,"object":{"metadata":{"name":"x"}}})", "{}"}) {
    const auto event = decoder.ParseEvent(line);
    ASSERT_TRUE(event) << line;
    EXPECT_FALSE(*event) << line;
  }
}

TEST(DecoderTest, ErrorsInTheStream) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  const struct {
    const char* line;
    ErrorCode code;
  } kCases[] = {
      {R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}})",
       ErrorCode::kGone},
      {R"({"type":"ERROR","object":{"kind":"Status","code":418,"reason":"Teapot"}})",
       ErrorCode::kInternal},
      {R"({"type":"ERROR"})", ErrorCode::kUnavailable},
      {R"({"type":"ADDED","object":{"meta)", ErrorCode::kUnavailable},
      {"[]", ErrorCode::kUnavailable},
      {"", ErrorCode::kUnavailable},
      {"\xff\xfe", ErrorCode::kUnavailable},
  };
  for (const auto& each : kCases) {
    const auto event = decoder.ParseEvent(each.line);
    ASSERT_FALSE(event) << each.line;
    EXPECT_EQ(event.error().code, each.code) << each.line << ": " << event.error().message;
  }
}

TEST(DecoderTest, ANumberBeyondAllTypesIsNoReasonToStop) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  ASSERT_TRUE(decoder.ParseObject(
      R"({"metadata":{"name":"n"},"spec":{"x":123456789012345678901234567890}})"));
  EXPECT_DOUBLE_EQ(decoder.Build()->At({"spec", "x"}).Number(), 1.2345678901234568e29);
}

TEST(VocabularyTest, IsBounded) {
  Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.Intern(std::string(Vocabulary::kMaxWordBytes + 1, 'x')), kNoWord);
  const Word first = vocabulary.Intern("first");
  for (std::size_t i = 0; i < Vocabulary::kMaxWords + 10; ++i) {
    vocabulary.Intern("word" + std::to_string(i));
  }
  EXPECT_EQ(vocabulary.size(), Vocabulary::kMaxWords);
  EXPECT_EQ(vocabulary.Intern("first"), first);
  EXPECT_EQ(vocabulary.Text(first), "first");
  EXPECT_EQ(vocabulary.Text(vocabulary.Intern("word77")), "word77");
  EXPECT_EQ(vocabulary.Intern("no room for this"), kNoWord);
}

TEST(VocabularyTest, AFullOneCostsMemoryAndNothingElse) {
  for (std::size_t i = 0; i < Vocabulary::kMaxWords + 10; ++i) {
    Vocabulary::Shared().Intern("fill" + std::to_string(i));
  }
  Json object = Sample();
  object["spec"]["a name that nobody has used before"] = "value";
  EXPECT_EQ(Frozen(object)->ToJson(), object);
}

}  // namespace
}  // namespace sb::kube
