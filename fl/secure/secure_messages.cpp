#include "fl/secure/secure_messages.h"

#include <algorithm>

#include "base/error.h"
#include "fl/compress/bytes.h"
#include "fl/secure/attempt_context.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kMostNameBytes = 64, kMostCertificateBytes = 16 << 10, kKeyBytes = 32;

std::size_t take_count(ByteReader& reader, std::size_t most) {
  const std::uint64_t count = reader.take_varint();
  require(count <= most, ErrorCode::kCorruptData, "a list of " + std::to_string(count) + " entries");
  return count;
}

std::string take_part(ByteReader& reader, std::size_t most_bytes) { return std::string(reader.take_bytes(take_count(reader, most_bytes))); }

Advertisement take_advertisement(ByteReader& reader) {
  Advertisement a;
  a.name = take_part(reader, kMostNameBytes);
  a.cipher_key = std::string(reader.take_bytes(kKeyBytes));
  a.mask_key = std::string(reader.take_bytes(kKeyBytes));
  a.seed_commitment = std::string(reader.take_bytes(kKeyBytes));
  const std::size_t opened = take_count(reader, kMostSecureSites);
  for (std::size_t n = 0; n < opened; ++n) a.opened.push_back(take_part(reader, kMostNameBytes));
  a.certificate = take_part(reader, kMostCertificateBytes);
  a.signature = take_part(reader, kMostSignatureBytes);
  return a;
}

SiteSet take_site_set(ByteReader& reader, std::size_t sites) {
  const std::string_view bits = reader.take_bytes((sites + 7) / 8);
  SiteSet set(sites);
  for (std::size_t n = 0; n < bits.size() * 8; ++n) {
    const bool is_in = (static_cast<unsigned char>(bits[n / 8]) >> (n % 8) & 1U) != 0;
    require(n < sites || !is_in, ErrorCode::kCorruptData, "a set names a site that there is not");
    if (n < sites) set[n] = is_in;
  }
  return set;
}

/// Numbers must rise: so one site cannot occur twice.
std::uint32_t take_number(ByteReader& reader, std::size_t sites, std::int64_t& last) {
  const std::uint64_t number = reader.take_varint();
  require(number < sites && static_cast<std::int64_t>(number) > last, ErrorCode::kCorruptData, "a list of sites that is not in order, or names one that there is not");
  last = static_cast<std::int64_t>(number);
  return static_cast<std::uint32_t>(number);
}

std::vector<Numbered> take_numbered(ByteReader& reader, std::size_t sites, std::size_t most_bytes) {
  std::vector<Numbered> list(take_count(reader, sites));
  std::int64_t last = -1;
  for (Numbered& entry : list) {
    entry.site = take_number(reader, sites, last);
    entry.bytes = take_part(reader, most_bytes);
  }
  return list;
}

}  // namespace

std::string_view to_string(SecureStep step) {
  constexpr std::string_view words[] = {"advertising keys", "sharing secrets", "sending masked updates", "agreeing on who is in the sum", "opening the sum"};
  return words[static_cast<std::size_t>(step)];
}

std::size_t count_of(const SiteSet& set) { return static_cast<std::size_t>(std::count(set.begin(), set.end(), true)); }

std::string advertised_bytes(const Advertisement& a) {
  std::string bytes;
  put_part(bytes, a.name);
  bytes += a.cipher_key + a.mask_key + a.seed_commitment;
  put_varint(bytes, a.opened.size());
  for (const std::string& name : a.opened) put_part(bytes, name);
  return bytes;
}

std::string encode(const Advertisement& a) {
  std::string bytes = advertised_bytes(a);
  put_part(bytes, a.certificate);
  put_part(bytes, a.signature);
  return bytes;
}

Advertisement parse_advertisement(std::string_view bytes) {
  ByteReader reader(bytes);
  Advertisement a = take_advertisement(reader);
  reader.finish();
  return a;
}

std::string encode(const std::vector<Advertisement>& list) {
  std::string bytes;
  put_varint(bytes, list.size());
  for (const Advertisement& a : list) bytes += encode(a);
  return bytes;
}

std::vector<Advertisement> parse_advertisements(std::string_view bytes) {
  ByteReader reader(bytes);
  std::vector<Advertisement> list;
  const std::size_t count = take_count(reader, kMostSecureSites);
  for (std::size_t n = 0; n < count; ++n) list.push_back(take_advertisement(reader));  // grows with what is there, not with what is announced
  reader.finish();
  return list;
}

std::string encode(const std::vector<Numbered>& list) {
  std::string bytes;
  put_varint(bytes, list.size());
  for (const Numbered& entry : list) {
    put_varint(bytes, entry.site);
    put_part(bytes, entry.bytes);
  }
  return bytes;
}

std::vector<Numbered> parse_numbered(std::string_view bytes, std::size_t sites, std::size_t most_bytes) {
  ByteReader reader(bytes);
  std::vector<Numbered> list = take_numbered(reader, sites, most_bytes);
  reader.finish();
  return list;
}

std::string encode(const SiteSet& set) {
  std::string bytes((set.size() + 7) / 8, '\0');
  for (std::size_t n = 0; n < set.size(); ++n)
    if (set[n]) bytes[n / 8] = static_cast<char>(static_cast<unsigned char>(bytes[n / 8]) | 1U << (n % 8));
  return bytes;
}

SiteSet parse_site_set(std::string_view bytes, std::size_t sites) {
  ByteReader reader(bytes);
  SiteSet set = take_site_set(reader, sites);
  reader.finish();
  return set;
}

std::string encode(const MaskStage& stage) { return encode(stage.sharers) + encode(stage.sealed); }

MaskStage parse_mask_stage(std::string_view bytes, std::size_t sites) {
  ByteReader reader(bytes);
  MaskStage stage{take_site_set(reader, sites), {}};
  stage.sealed = take_numbered(reader, sites, kMostSealedShareBytes);
  reader.finish();
  return stage;
}

std::string encode(const std::vector<NumberedShare>& shares) {
  std::string bytes;
  put_varint(bytes, shares.size());
  for (const NumberedShare& share : shares) {
    put_varint(bytes, share.site);
    bytes += share.share.view();
  }
  return bytes;
}

std::vector<NumberedShare> parse_shares(std::string_view bytes, std::size_t sites) {
  ByteReader reader(bytes);
  std::vector<NumberedShare> shares;
  const std::size_t count = take_count(reader, sites);
  std::int64_t last = -1;
  for (std::size_t n = 0; n < count; ++n) {
    const std::uint32_t number = take_number(reader, sites, last);
    shares.push_back({number, Secret32(reader.take_bytes(Secret32::size()))});
  }
  reader.finish();
  return shares;
}

}  // namespace consilium::fl
