#include "app/http/openapi.h"

#include <map>
#include <nlohmann/json.hpp>

#include "app/http/replies.h"

namespace todo::http {
namespace {

// In the order written: people read it.
using Json = nlohmann::ordered_json;

constexpr std::string_view kJson = "application/json";

// The components that validation errors and the rest refer to, in both languages.
Json ErrorSchemas() {
  return Json::parse(R"json({
    "Error": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}},
    "HTTPValidationError": {"type": "object", "required": ["detail"], "properties": {
      "detail": {"type": "array", "items": {"$ref": "#/components/schemas/ValidationError"}}}},
    "ValidationError": {"type": "object", "required": ["type", "loc", "msg", "input"], "properties": {
      "type": {"type": "string"}, "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
      "msg": {"type": "string"}, "input": {}, "ctx": {"type": "object"}}},
    "Problem": {"type": "object", "description": "RFC 9457", "required": ["type", "title", "status", "detail"],
      "properties": {"type": {"type": "string", "format": "uri-reference"}, "title": {"type": "string"},
        "status": {"type": "integer"}, "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object", "required": ["in", "name", "code", "detail"],
          "properties": {"in": {"enum": ["path", "query", "header", "body"]},
            "name": {"type": "string", "description": "Of the parameter; in a body a JSON pointer."},
            "code": {"type": "string"}, "detail": {"type": "string"}}}}}}
  })json");
}

Json Reference(std::string_view schema) {
  return {{"$ref", "#/components/schemas/" + std::string(schema)}};
}

class Document {
 public:
  Document(std::span<const Route> routes, const OpenApiInfo& info) {
    root_["openapi"] = "3.1.0";
    root_["info"] = {{"title", info.title}, {"version", info.version}};
    if (!info.description.empty()) root_["info"]["description"] = info.description;
    root_["paths"] = Json::object();
    schemas_ = ErrorSchemas();
    for (const Route& route : routes) {
      if (!route.answers.empty()) Add(route);
    }
    root_["components"]["schemas"] = std::move(schemas_);
    if (!info.token_url.empty()) {
      root_["components"]["securitySchemes"]["bearer"] = {
          {"type", "oauth2"},
          {"flows", {{"password", {{"tokenUrl", info.token_url}, {"scopes", Json::object()}}}}}};
    }
  }

  std::string Text() const { return root_.dump(); }

 private:
  static Json SchemaOf(const Parameter& parameter) {
    Json schema;
    switch (parameter.type) {
      case Parameter::Type::kInteger:
        schema["type"] = "integer";
        if (parameter.minimum != std::numeric_limits<std::int64_t>::min()) {
          schema["minimum"] = parameter.minimum;
        }
        if (parameter.maximum != std::numeric_limits<std::int64_t>::max()) {
          schema["maximum"] = parameter.maximum;
        }
        break;
      case Parameter::Type::kBoolean:
        schema["type"] = "boolean";
        break;
      case Parameter::Type::kText:
        schema["type"] = "string";
        if (!parameter.choices.empty()) {
          schema["enum"] = parameter.choices;
          break;
        }
        if (parameter.min_length > 0) schema["minLength"] = parameter.min_length;
        if (parameter.max_length > 0) schema["maxLength"] = parameter.max_length;
        if (!parameter.format.empty()) schema["format"] = parameter.format;
        schema["pattern"] = "^[^\\u0000]*$";  // PostgreSQL cannot store it
        break;
      case Parameter::Type::kList:
        schema["type"] = "array";
        if (parameter.min_length > 0) schema["minItems"] = parameter.min_length;
        if (parameter.max_length > 0) schema["maxItems"] = parameter.max_length;
        break;
    }
    return schema;
  }

  // The component's name; it is made on first sight.
  std::string_view Component(const Shape& shape, bool in_request) {
    if (schemas_.contains(shape.name)) return shape.name;
    Json schema = {{"type", "object"}};
    if (!shape.description.empty()) schema["description"] = shape.description;
    Json required = Json::array();
    Json properties = Json::object();
    for (const Field& field : shape.fields) {
      Json property = SchemaOf(field);
      if (field.of != nullptr) property["items"] = Reference(Component(*field.of, in_request));
      if (field.nullable) property["type"] = {property["type"], "null"};
      if (!field.description.empty()) property["description"] = field.description;
      // What goes out is ours to say: no bounds that only validation needs.
      if (!in_request) property.erase("pattern");
      properties[std::string(field.name)] = std::move(property);
      if (field.required) required.push_back(field.name);
    }
    if (!required.empty()) schema["required"] = std::move(required);
    schema["properties"] = std::move(properties);
    if (in_request) schema["additionalProperties"] = false;
    schemas_[std::string(shape.name)] = std::move(schema);
    return shape.name;
  }

  static Json ParameterOf(const Parameter& parameter) {
    constexpr const char* kPlaces[] = {"path", "query", "header"};
    Json out = {{"name", parameter.name},
                {"in", kPlaces[static_cast<int>(parameter.where)]},
                {"required", parameter.required}};
    if (!parameter.description.empty()) out["description"] = parameter.description;
    out["schema"] = SchemaOf(parameter);
    if (parameter.where == ValuePlace::kHeader) out["schema"]["pattern"] = "^[!-~]([ -~]*[!-~])?$";
    if (parameter.type == Parameter::Type::kInteger && !parameter.required) {
      out["schema"]["default"] = parameter.fallback;
    }
    return out;
  }

  // An answer of the mechanism or of a guard; a status that is there already keeps its description.
  static void AddError(Json& responses, int status, std::string_view description, Style style) {
    const std::string code = std::to_string(status);
    if (responses.contains(code)) return;
    const bool problem = style == Style::kProblem;
    Json response = {{"description", description}};
    const Json schema = Reference(problem         ? "Problem"
                                  : status == 422 ? "HTTPValidationError"
                                                  : "Error");
    response["content"][std::string(problem ? kProblemJson : kJson)]["schema"] = schema;
    // The connection itself may refuse a request before it has a route.
    if (problem && (status == 400 || status == 413)) {
      response["content"][std::string(kJson)]["schema"] = Reference("Error");
    }
    if (status == 401) response["headers"]["WWW-Authenticate"]["schema"]["type"] = "string";
    if (status == 405) response["headers"]["Allow"]["schema"]["type"] = "string";
    if (status == 429 || status == 503) {
      response["headers"]["Retry-After"]["schema"]["type"] = "integer";
    }
    responses[code] = std::move(response);
  }

  void AddAnswer(Json& responses, const Answer& answer, Style style) {
    if (answer.status >= 400) return AddError(responses, answer.status, answer.description, style);
    Json response = {{"description", answer.description}};
    for (const std::string_view header : answer.headers) {
      response["headers"][std::string(header)]["schema"]["type"] = "string";
    }
    if (answer.shape != nullptr) {
      Json schema = Reference(Component(*answer.shape, false));
      if (answer.list) schema = {{"type", "array"}, {"items", std::move(schema)}};
      const std::string_view type = answer.content_type.empty() ? kJson : answer.content_type;
      response["content"][std::string(type)]["schema"] = std::move(schema);
    } else if (!answer.content_type.empty()) {
      response["content"][std::string(answer.content_type)]["schema"] = {{"type", "string"}};
    }
    responses[std::to_string(answer.status)] = std::move(response);
  }

  void Add(const Route& route) {
    const Style style = StyleOf(route.pattern);
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c + ('a' - 'A'));
    Json operation;
    if (!route.tag.empty()) operation["tags"] = {route.tag};
    if (!route.summary.empty()) operation["summary"] = route.summary;
    operation["operationId"] = OperationId(route);
    for (const Parameter& parameter : route.parameters) {
      operation["parameters"].push_back(ParameterOf(parameter));
    }
    const BodySpec& body = route.body;
    const bool json = body.media == BodySpec::Media::kJson;
    if (body.shape != nullptr) {
      const std::string type(json ? kJson : "application/x-www-form-urlencoded");
      operation["requestBody"]["required"] = true;
      operation["requestBody"]["content"][type]["schema"] = Reference(Component(*body.shape, true));
      if (!json) {
        // Forms may have fields that we do not know: OAuth2 clients send grant_type and more. An
        // empty one is a missing one.
        Json& schema = schemas_[std::string(body.shape->name)];
        schema.erase("additionalProperties");
        for (const Field& field : body.shape->fields) {
          Json& property = schema["properties"][std::string(field.name)];
          if (field.required && field.min_length == 0) property["minLength"] = 1;
        }
      }
    }
    Json responses;
    for (const Answer& answer : route.answers) AddAnswer(responses, answer, style);
    for (const Guard& guard : route.guards) {
      for (const int status : guard.refuses) {
        AddError(responses, status, DescriptionOf(status), style);
      }
      if (!guard.scheme.empty()) operation["security"] = {{{guard.scheme, Json::array()}}};
    }
    if (body.shape != nullptr && json) {
      for (const int status : {400, 413, 415}) {
        AddError(responses, status, DescriptionOf(status), style);
      }
    } else if (body.shape != nullptr) {
      AddError(responses, 413, DescriptionOf(413), style);
    }
    if (!route.parameters.empty() || body.shape != nullptr) {
      AddError(responses, 422, DescriptionOf(422), style);
    }
    for (const int status : {400, 405, 500, 503}) {
      AddError(responses, status, DescriptionOf(status), style);
    }
    // ordered_json keeps its members in a vector: a reference into it does not survive the next.
    operation["responses"] = std::move(responses);
    root_["paths"][std::string(route.pattern)][method] = std::move(operation);
  }

  static std::string_view DescriptionOf(int status) {
    switch (status) {
      case 400:
        return "Not HTTP, or the body is not JSON";
      case 401:
        return "No token, or none that is good";
      case 403:
        return "Not allowed";
      case 405:
        return "The path has other methods";
      case 413:
        return "The body is too large";
      case 415:
        return "The body is of another type";
      case 422:
        return "What was sent is not valid";
      case 429:
        return "Too many requests";
      case 503:
        return "Come back later";
      default:
        return "Internal error";
    }
  }

  // "get_v1_tasks_task_id"
  static std::string OperationId(const Route& route) {
    std::string id(route.method);
    for (char& c : id) c = static_cast<char>(c + ('a' - 'A'));
    for (const char c : route.pattern) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (letter) {
        id += c;
      } else if (id.back() != '_') {
        id += '_';
      }
    }
    if (id.back() == '_') id.pop_back();
    return id;
  }

  Json root_;
  Json schemas_;
};

}  // namespace

std::string OpenApiDocument(std::span<const Route> routes, const OpenApiInfo& info) {
  return Document(routes, info).Text();
}

}  // namespace todo::http
