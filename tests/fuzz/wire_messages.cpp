#include "tests/fuzz/wire_messages.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <memory>

#include "base/files.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {
namespace {

namespace protobuf = google::protobuf;

constexpr int kDeepest = 4;  // of messages within messages in an example

/// The schema as protoc compiled it from the .proto files: a new message is fuzzed without a line here.
class Schema {
 public:
  Schema() {
    protobuf::FileDescriptorSet files;
    expect(files.ParseFromString(read_file(CONSILIUM_WIRE_SCHEMA)), "the compiled schema is damaged");
    for (const auto& file : files.file()) expect(pool_.BuildFile(file) != nullptr, "the compiled schema is incomplete");
    for (const auto& file : files.file())
      for (int n = 0; n < pool_.FindFileByName(file.name())->message_type_count(); ++n) add(*pool_.FindFileByName(file.name())->message_type(n));
  }
  const std::vector<WireMessage>& messages() const { return messages_; }
  std::unique_ptr<protobuf::Message> make(std::string_view name) {
    const auto* type = pool_.FindMessageTypeByName(std::string(name));
    return std::unique_ptr<protobuf::Message>(type == nullptr ? nullptr : factory_.GetPrototype(type)->New());
  }

 private:
  void add(const protobuf::Descriptor& type) {
    const std::unique_ptr<protobuf::Message> message(factory_.GetPrototype(&type)->New());
    fill(*message, 0);
    messages_.push_back({type.full_name(), message->SerializeAsString()});
    for (int n = 0; n < type.nested_type_count(); ++n) add(*type.nested_type(n));
  }
  void fill(protobuf::Message& message, int depth) {
    for (int n = 0; n < message.GetDescriptor()->field_count(); ++n) {
      const auto* field = message.GetDescriptor()->field(n);
      for (int repeats = field->is_repeated() ? 2 : 1; repeats > 0; --repeats) fill(message, field, depth);
    }
  }
  void fill(protobuf::Message& message, const protobuf::FieldDescriptor* field, int depth) {
    const auto* reflection = message.GetReflection();
    const bool many = field->is_repeated();
    using Type = protobuf::FieldDescriptor;
    switch (field->cpp_type()) {
      case Type::CPPTYPE_INT32: return many ? reflection->AddInt32(&message, field, 3) : reflection->SetInt32(&message, field, 3);
      case Type::CPPTYPE_INT64: return many ? reflection->AddInt64(&message, field, 3) : reflection->SetInt64(&message, field, 3);
      case Type::CPPTYPE_UINT32: return many ? reflection->AddUInt32(&message, field, 3) : reflection->SetUInt32(&message, field, 3);
      case Type::CPPTYPE_UINT64: return many ? reflection->AddUInt64(&message, field, 3) : reflection->SetUInt64(&message, field, 3);
      case Type::CPPTYPE_DOUBLE: return many ? reflection->AddDouble(&message, field, 0.5) : reflection->SetDouble(&message, field, 0.5);
      case Type::CPPTYPE_FLOAT: return many ? reflection->AddFloat(&message, field, 0.5F) : reflection->SetFloat(&message, field, 0.5F);
      case Type::CPPTYPE_BOOL: return many ? reflection->AddBool(&message, field, true) : reflection->SetBool(&message, field, true);
      case Type::CPPTYPE_ENUM: return many ? reflection->AddEnumValue(&message, field, 1) : reflection->SetEnumValue(&message, field, 1);
      case Type::CPPTYPE_STRING: return many ? reflection->AddString(&message, field, std::string(32, 'a')) : reflection->SetString(&message, field, std::string(32, 'a'));
      case Type::CPPTYPE_MESSAGE:
        if (depth < kDeepest) fill(many ? *reflection->AddMessage(&message, field) : *reflection->MutableMessage(&message, field), depth + 1);
        return;
    }
  }

  protobuf::DescriptorPool pool_;
  protobuf::DynamicMessageFactory factory_{&pool_};
  std::vector<WireMessage> messages_;
};

Schema& schema() {
  static Schema the_schema;
  return the_schema;
}

std::string in_one_order(const protobuf::Message& message) {
  std::string bytes;
  protobuf::io::StringOutputStream stream(&bytes);
  protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // maps have no order of their own
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

const std::vector<WireMessage>& wire_messages() { return schema().messages(); }

void read_any_message(std::string_view name, const std::string& encoded) {
  const auto first = schema().make(name), second = schema().make(name);
  if (!first || !first->ParseFromString(encoded)) return;
  const std::string once = in_one_order(*first);
  expect(second->ParseFromString(once) && in_one_order(*second) == once, "a message that was written is read as another");
}

}  // namespace consilium::fuzz
