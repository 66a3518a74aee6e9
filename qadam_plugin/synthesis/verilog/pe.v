// Processing element: three scratchpads, a MAC and their control. Ports as in pe_control, parameters as in mac and spad.
//   w_data WEIGHT_BITS, a_data ACT_BITS, p_in_data and p_out_data ACC_BITS
module pe #(
    parameter FAMILY = 0,
    parameter ACT_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter ACC_BITS = 24,
    parameter TERMS = 1,
    parameter EXP = 8,
    parameter FRAC = 23,
    parameter ACC_EXP = 8,
    parameter ACC_FRAC = 23,
    parameter PIPELINE = 1,
    parameter CLOCK_GATING = 1,
    parameter ZERO_GATING = 0,
    parameter IFMAP_DEPTH = 12,
    parameter WEIGHT_DEPTH = 48,
    parameter PSUM_DEPTH = 16,
    parameter IFMAP_AW = (IFMAP_DEPTH > 1) ? $clog2(IFMAP_DEPTH) : 1,
    parameter WEIGHT_AW = (WEIGHT_DEPTH > 1) ? $clog2(WEIGHT_DEPTH) : 1,
    parameter PSUM_AW = (PSUM_DEPTH > 1) ? $clog2(PSUM_DEPTH) : 1
) (
    input                    clk,
    input                    rst,
    input                    start,
    input                    load_weights,
    input  [IFMAP_AW-1:0]    last_tap,
    input  [IFMAP_AW-1:0]    last_step,
    input  [PSUM_AW-1:0]     last_filter,
    input  [WEIGHT_AW-1:0]   last_weight,
    input                    w_valid,
    input  [WEIGHT_BITS-1:0] w_data,
    output                   w_ready,
    input                    a_valid,
    input  [ACT_BITS-1:0]    a_data,
    output                   a_ready,
    input                    p_in_valid,
    input  [ACC_BITS-1:0]    p_in_data,
    output                   p_in_ready,
    output                   p_out_valid,
    output [ACC_BITS-1:0]    p_out_data,
    input                    p_out_ready
);
    wire ifmap_wen, weight_wen, psum_wen;
    wire [IFMAP_AW-1:0] ifmap_waddr, ifmap_raddr;
    wire [WEIGHT_AW-1:0] weight_addr;
    wire [PSUM_AW-1:0] psum_waddr, psum_raddr;
    wire mac_en, mac_chain, mac_take, mac_valid, mac_busy, first_round;
    wire [ACT_BITS-1:0] act;
    wire [WEIGHT_BITS-1:0] weight;
    wire [ACC_BITS-1:0] psum;

    pe_control #(
        .IFMAP_DEPTH(IFMAP_DEPTH), .WEIGHT_DEPTH(WEIGHT_DEPTH), .PSUM_DEPTH(PSUM_DEPTH)
    ) control (
        .clk(clk), .rst(rst), .start(start), .load_weights(load_weights),
        .last_tap(last_tap), .last_step(last_step), .last_filter(last_filter), .last_weight(last_weight),
        .w_valid(w_valid), .w_ready(w_ready), .a_valid(a_valid), .a_ready(a_ready),
        .p_in_valid(p_in_valid), .p_in_ready(p_in_ready), .p_out_valid(p_out_valid), .p_out_ready(p_out_ready),
        .ifmap_wen(ifmap_wen), .ifmap_waddr(ifmap_waddr), .ifmap_raddr(ifmap_raddr),
        .weight_wen(weight_wen), .weight_addr(weight_addr),
        .psum_wen(psum_wen), .psum_waddr(psum_waddr), .psum_raddr(psum_raddr),
        .mac_en(mac_en), .mac_chain(mac_chain), .first_round(first_round),
        .mac_take(mac_take), .mac_valid(mac_valid), .mac_busy(mac_busy)
    );
    spad #(.DEPTH(IFMAP_DEPTH), .WIDTH(ACT_BITS)) ifmap_spad (
        .clk(clk), .wen(ifmap_wen), .waddr(ifmap_waddr), .wdata(a_data), .raddr(ifmap_raddr), .rdata(act)
    );
    spad #(.DEPTH(WEIGHT_DEPTH), .WIDTH(WEIGHT_BITS)) weight_spad (
        .clk(clk), .wen(weight_wen), .waddr(weight_addr), .wdata(w_data), .raddr(weight_addr), .rdata(weight)
    );
    spad #(.DEPTH(PSUM_DEPTH), .WIDTH(ACC_BITS)) psum_spad (
        .clk(clk), .wen(psum_wen), .waddr(psum_waddr), .wdata(p_out_data), .raddr(psum_raddr), .rdata(psum)
    );
    mac #(
        .FAMILY(FAMILY), .ACT_BITS(ACT_BITS), .WEIGHT_BITS(WEIGHT_BITS), .ACC_BITS(ACC_BITS), .TERMS(TERMS),
        .EXP(EXP), .FRAC(FRAC), .ACC_EXP(ACC_EXP), .ACC_FRAC(ACC_FRAC),
        .PIPELINE(PIPELINE), .CLOCK_GATING(CLOCK_GATING), .ZERO_GATING(ZERO_GATING)
    ) mac (
        .clk(clk), .rst(rst), .en(mac_en), .chain(mac_chain), .first(first_round), .act(act), .weight(weight),
        .psum(psum), .psum_in(p_in_data), .take(mac_take), .valid(mac_valid), .busy(mac_busy), .psum_out(p_out_data)
    );
endmodule
