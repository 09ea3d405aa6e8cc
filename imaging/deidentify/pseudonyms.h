#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace consilium::imaging {

/// What stands for UIDs, patients and days under one secret key: the same at every site and in every run that has the key, and
/// without it neither found nor undone. Nothing is stored. The key is zeroised with the object.
///
/// Every value is HMAC-SHA256 of the key over its purpose and the original. Source: RFC 2104.
class Pseudonyms {
 public:
  /// @throws Error{kUsage} the secret has fewer than 16 bytes.
  explicit Pseudonyms(std::string secret);
  ~Pseudonyms();
  Pseudonyms(const Pseudonyms&) = delete;
  Pseudonyms& operator=(const Pseudonyms&) = delete;

  /// "2.25." and a UUID. UIDs that DICOM itself assigns (1.2.840.10008) stay, and so does an empty one.
  std::string uid(std::string_view original) const;
  /// "P-" and 16 hexadecimal digits for a Patient ID.
  std::string patient(std::string_view original) const;
  /// 1 to 3650 days, by which the dates of a patient (or study) move back.
  int days_back(std::string_view patient_or_study) const;

 private:
  std::string mac(std::string_view purpose, std::string_view original) const;
  std::string secret_;
};

/// Trailing white space is not part of the secret. @throws Error{kNotFound}; Error{kUsage} shorter than 16 bytes or longer than 4096.
Pseudonyms read_pseudonym_key(const std::filesystem::path& file);

/// A new secret (64 hexadecimal digits, of the system's generator) that only its owner can read.
/// @throws Error{kCannotWrite} also where the file exists: its pseudonyms could not be made again.
void make_pseudonym_key(const std::filesystem::path& file);

/// Whether others than its owner can read a file.
bool is_readable_by_others(const std::filesystem::path& file);

}  // namespace consilium::imaging
