#include <nlohmann/json.hpp>

#include "fl/enrol/request.h"
#include "fl/keys.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {

void fuzz_certificate(std::span<const std::uint8_t> bytes) {
  accepted([&] {
    const auto summary = fl::parse_certificate({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "bytes");
    expect(summary.fingerprint.size() == 64, "a fingerprint that is not 64 digits");
    // `consilium keys list --json` prints these: what is not UTF-8 would end it.
    nlohmann::json(std::vector<std::string>{summary.name, summary.role, summary.serial}).dump();
  });
  accepted([&] {
    const auto request = fl::parse_request({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "bytes");
    expect(request.key_fingerprint.size() == 64, "a fingerprint that is not 64 digits");
    expect(request.proof.empty() || request.proof.size() == 96, "a proof of another size");
  });
}

}  // namespace consilium::fuzz
