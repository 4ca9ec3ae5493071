// Whether ids come in the order of `ORDERBYsys_id`, whichever collation the instance's database sorts by.
#pragma once

#include <array>
#include <string_view>

namespace exporter::servicenow {

// sys_ids are not always lower-case hex (servicenow.md 7), and databases sort the rest by byte or without
// case, where '_' stands before or after the letters. A sweep is in order as long as one of these orders
// explains every step of it.
class IdOrder {
 public:
  // False once no order is left in which every `next` seen so far stood strictly behind its `previous`.
  bool follows(std::string_view previous, std::string_view next);

 private:
  std::array<bool, 3> possible_{true, true, true};  // by byte, in lower case, in upper case
};

}  // namespace exporter::servicenow
